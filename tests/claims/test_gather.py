"""What a section says once holds for its figures."""

from tests.claims.written import claim, claims, read


def test_figures_have_the_settings_of_their_section() -> None:
    document = read("""
        # Report
        ## One
        - Model: TinyLlama-1.1B
        - Batch size: 4
        - Epochs: 2
        - Total time: 9 minutes
        ## Two
        - Total time: 3 minutes
        """)
    first, second = claims(document, "duration")
    assert {"model": "tinyllama-1.1b", "batch": 4, "epochs": 2}.items() <= first.settings.items()
    assert "batch" not in second.settings


def test_what_a_section_says_twice_holds_for_none() -> None:
    document = read("- Batch size: 4\n- Batch size: 8\n- Total time: 9 s\n")
    assert "batch" not in claim(document, "duration").settings


def test_what_one_line_says_beside_its_figure_holds_for_that_line() -> None:
    document = read("- 900 samples/s (batch 32)\n- Total time: 9 s\n")
    assert claim(document, "training_rate").settings["batch"] == 32
    assert "batch" not in claim(document, "duration").settings


def test_a_figure_has_no_setting_of_its_own_name() -> None:
    assert "batch" not in claim(read("- Batch size: 4\n- Steps: 9\n"), "batch").settings
