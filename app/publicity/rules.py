"""How policy was made known in the villages. Pure."""

from app.labels import Labelled, T


class Means(Labelled):
    BROCHURE = "brochure", T("Brochures handed out")
    HOME_VISIT = "home_visit", T("Questions answered at home")
    BLACKBOARD = "blackboard", T("Blackboard")
    WECHAT = "wechat", T("WeChat")
    MEETING = "meeting", T("Village meeting")
    BROADCAST = "broadcast", T("Village loudspeaker")
    OTHER = "other", T("Other means")
