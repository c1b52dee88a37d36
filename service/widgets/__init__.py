"""What ready-made widgets fetch: each in the form that its own program takes."""

from service.widgets.chart import chart
from service.widgets.scene import Scene, Shown
from service.widgets.story import story, story_rows
from service.widgets.timeline import timeline

__all__ = ["Scene", "Shown", "chart", "story", "story_rows", "timeline"]
