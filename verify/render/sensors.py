"""The names of sensors, and of what they are of, in the language that is spoken."""

from verify.language.speech import later, say
from verify.render import words

NAMES = {
    "utilisation": later("utilisation"),
    "used": later("used"),
    "temperature": later("temperature"),
    "power": later("power"),
    "clock": later("clock"),
    "memory clock": later("memory clock"),
}
SUBJECTS = {"processor": later("processor"), "memory": later("memory")}


def name_of(name: str) -> str:
    """What a sensor tells."""
    return say(NAMES[name]) if name in NAMES else words.visible(name)


def subject_of(subject: str) -> str:
    """What it is of; a device is called as it calls itself."""
    return say(SUBJECTS[subject]) if subject in SUBJECTS else words.visible(subject)
