"""The closed vocabularies of the contract, section 2. Order carries meaning where noted."""

POSITIONS = (
    "support",
    "conditional_support",
    "neutral",
    "conditional_oppose",
    "oppose",
    "undeclared",
)

POSTURES = (
    "demands",
    "proposes",
    "reaffirms",
    "signals_openness",
    "offers_concession",
    "accepts",
    "concedes",
    "commits",
    "rejects",
    "denies",
    "defers",
    "threatens",
    "withdraws",
    "reports_progress",
)

USUAL_NEXT = {
    "latent": ("proposed", "negotiating"),
    "proposed": ("negotiating", "rejected", "withdrawn", "superseded"),
    "negotiating": (
        "stalled",
        "agreed_in_principle",
        "agreed",
        "rejected",
        "withdrawn",
        "superseded",
    ),
    "stalled": ("negotiating", "withdrawn", "superseded"),
    "agreed_in_principle": ("agreed", "negotiating", "stalled", "withdrawn"),
    "agreed": ("in_force", "negotiating", "suspended", "withdrawn"),
    "in_force": ("implemented", "suspended", "collapsed", "superseded"),
    "implemented": ("suspended", "collapsed"),
    "suspended": ("in_force", "negotiating", "collapsed"),
    "rejected": ("proposed", "negotiating"),
    "withdrawn": ("proposed", "negotiating"),
    "collapsed": ("proposed", "negotiating"),
    "superseded": (),
}
"""Each status of an issue, with the statuses that usually follow it."""

STATUSES = tuple(USUAL_NEXT)

ATTRIBUTIONS = (
    "recorded_act",
    "official_document",
    "on_record",
    "readout",
    "background",
    "deep_background",
    "leaked_document",
    "third_party_claim",
    "media_report",
    "analyst_coded",
    "unattributed",
)
"""How we know, strongest first."""

STRENGTH = {name: len(ATTRIBUTIONS) - i for i, name in enumerate(ATTRIBUTIONS)}
"""11 (recorded_act) down to 1 (unattributed): greater is stronger."""

POSITION_FLOOR = "leaked_document"
STATUS_FLOOR = "media_report"
"""Weakest attributions that set a position, or a status, unless the question says otherwise."""

PARTY_KINDS = ("state", "organization", "bloc", "non_state", "person")
ROLES = ("participant", "host", "mediator", "observer", "signatory")
MODES = ("in_person", "remote", "shuttle")
RELIABILITY = ("A", "B", "C", "D", "E", "F")

CORRECTION_REASONS = (
    "typo",
    "date_error",
    "misattribution",
    "mistranslation",
    "duplicate",
    "superseded_report",
    "other",
)
RETRACTION_REASONS = ("source_retracted", "fabricated", "duplicate", "misattribution", "other")
REINSTATEMENT_REASONS = tuple(dict.fromkeys(CORRECTION_REASONS + RETRACTION_REASONS))

REPORTS = ("statement", "meeting")
AMENDMENTS = ("correction", "retraction", "reinstatement")
REGISTRATIONS = ("party", "issue")
RECORD_TYPES = REGISTRATIONS + REPORTS + AMENDMENTS
