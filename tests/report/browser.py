"""A real browser for looking at reports: Debian's chromium, driven by selenium, without network."""

from __future__ import annotations

import base64
import contextlib
import shutil
import tempfile
import typing as t
from pathlib import Path


def missing() -> str | None:
    """Return what is missing and how to install it; None if nothing is."""
    for name, package in (('chromium', 'chromium'), ('chromedriver', 'chromium-driver')):
        if shutil.which(name) is None:
            return f'{name} is not installed: apt-get install {package}'
    try:
        import selenium  # noqa: F401
    except ImportError:
        return 'selenium is not installed: pip install selenium'
    return None


class Browser:
    """One browser window.

    :param driver: selenium's driver.
    """

    def __init__(self, driver: t.Any) -> None:
        self.driver = driver
        self._cdp = driver.execute_cdp_cmd

    def look(
        self,
        page: Path,
        width: int = 1280,
        dark: bool = False,
        script: bool = True,
        media: str = 'screen',
        sharp: int = 2,
    ) -> None:
        """Open a page.

        :param page: the file.
        :param width: of the window, in CSS pixels.
        :param dark: as a user who prefers a dark screen.
        :param script: whether JavaScript is allowed.
        :param media: ``screen`` or ``print``.
        :param sharp: pixels of the device for one of CSS.
        """
        scheme = {'name': 'prefers-color-scheme', 'value': 'dark' if dark else 'light'}
        self._cdp('Emulation.setEmulatedMedia', {'media': media, 'features': [scheme]})
        metrics = {'width': width, 'height': 900, 'deviceScaleFactor': sharp, 'mobile': width < 600}
        self._cdp('Emulation.setDeviceMetricsOverride', metrics)
        self._cdp('Emulation.setScriptExecutionDisabled', {'value': not script})
        self.driver.get(page.resolve().as_uri())

    def run(self, script: str, *arguments: t.Any) -> t.Any:
        """Run JavaScript as the developer's console does, and return what it returns."""
        return self.driver.execute_script(script, *arguments)

    def picture(self, path: Path, height: int | None = None) -> None:
        """Save the whole page, or its top, as PNG."""
        size = self._cdp('Page.getLayoutMetrics', {})['cssContentSize']
        clip = {
            'x': 0,
            'y': 0,
            'width': size['width'],
            'height': min(height or size['height'], size['height']),
            'scale': 1,
        }
        shot = self._cdp('Page.captureScreenshot', {'format': 'png', 'captureBeyondViewport': True, 'clip': clip})
        path.write_bytes(base64.b64decode(shot['data']))

    def pdf(self) -> bytes:
        """Print the page."""
        return base64.b64decode(self._cdp('Page.printToPDF', {'printBackground': False})['data'])

    def complaints(self) -> list[str]:
        """The errors and warnings of the browser since the last call."""
        return [entry['message'] for entry in self.driver.get_log('browser')]


@contextlib.contextmanager
def browser() -> t.Iterator[Browser]:
    """Start a browser with its own profile; end it and remove the profile."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which('chromium') or ''
    profile = tempfile.mkdtemp()
    for switch in (
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-dev-shm-usage',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--hide-scrollbars',
        f'--user-data-dir={profile}',
    ):
        options.add_argument(switch)
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL'})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(shutil.which('chromedriver')))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
        shutil.rmtree(profile, ignore_errors=True)
