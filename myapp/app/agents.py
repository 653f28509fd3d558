"""User-Agents: what people call the program that a request came from. A guess, for the eyes of whoever knows where he signed in."""

# A word in a browser's User-Agent, and what people call it. The first that is there counts: most name others besides themselves.
BROWSERS = {"Edg": "Edge", "OPR/": "Opera", "SamsungBrowser": "Samsung Internet", "Firefox/": "Firefox", "FxiOS": "Firefox",
            "CriOS": "Chrome", "Chrome/": "Chrome", "Safari/": "Safari"}
SYSTEMS = {"Android": "Android", "iPhone": "iPhone", "iPad": "iPad", "CrOS": "ChromeOS", "Windows": "Windows", "Mac OS X": "macOS",
           "Linux": "Linux"}
SHOWN = 60    # characters of a User-Agent that is none of these


def agent_name(agent):
    """Return the name of the browser of a User-Agent, such as `Firefox on Linux`, or its own words for another program."""
    browser = next((name for word, name in BROWSERS.items() if word in agent), None)
    system = next((name for word, name in SYSTEMS.items() if word in agent), None)
    if browser is None:
        return agent[:SHOWN] or "unknown program"
    return f"{browser} on {system}" if system else browser
