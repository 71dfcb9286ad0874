"""The formats that a report is shown in."""

from typing import Literal, get_args

from verify.report.versions import AnyReport

Format = Literal["text", "markdown", "html", "junit", "json"]
FORMATS: tuple[Format, ...] = get_args(Format)


def shown(report: AnyReport, form: Format) -> str:
    """The report in a format, with one line feed at its end."""
    return _rendered(report, form).rstrip("\n") + "\n"


def _rendered(report: AnyReport, form: Format) -> str:
    # Each brings what it needs: the templates of a page take longer to load than any other format to write.
    match form:
        case "text":
            from verify.render import text

            return text.render(report)
        case "markdown":
            from verify.render import markdown

            return markdown.render(report)
        case "html":
            from verify.render.html import page

            return page.render(report)
        case "junit":
            from verify.render import junit

            return junit.render(report)
        case "json":
            from verify.cli.printed import printed

            return printed(report)
