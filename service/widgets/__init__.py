"""What ready-made widgets fetch: each in the form that its own program takes."""

from service.widgets.scene import Scene, Shown
from service.widgets.timelinejs import story, story_rows
from service.widgets.timelines_chart import chart
from service.widgets.vis import timeline

__all__ = ["Scene", "Shown", "chart", "story", "story_rows", "timeline"]
