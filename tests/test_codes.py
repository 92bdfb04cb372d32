"""Every diagnostic code: documented, raised, and shown by a failing case."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from specc.compiler.diagnostics import codes
from specc.compiler.diagnostics.diagnostic import Code

TESTS = Path(__file__).parent
ROOT = TESTS.parent
CODES = {name: code for name, code in vars(codes).items() if isinstance(code, Code)}

ELSEWHERE = {
    "SC001": ("a file is no text of a spec", "test_missing_spec"),
    "SC002": ("a case of the corpus is text", "test_spec_that_is_not_utf8"),
    "SC008": ("ten megabytes", "test_spec_that_is_too_large"),
    "SC009": ("overrides stand beside the text", "test_override_without_a_place"),
    "SC311": ("its cause is refused before", "test_step_that_breaks_the_weights"),
    "SC404": ("depends on the machine", "test_device_that_is_not_there"),
    "SC405": ("depends on the machine", "test_more_memory_than_there_is"),
    "SC412": ("depends on the machine", "test_precision_that_the_device_has_not"),
    "SC501": ("a run", "test_diverging_run"),
    "SC502": ("a run", "test_unwritable_out"),
    "SC503": ("a run", "test_metric_that_is_not_defined"),
    "SC504": ("a run", "test_interrupted_run"),
    "SC513": ("a run", "test_full_disk"),
    "SC514": ("no run", "test_resume_of_a_folder_that_is_no_run"),
    "SC515": ("a damaged file", "test_damaged_checkpoint"),
    "SC516": ("a run", "test_resume_with_another_spec"),
    "SC517": ("a run", "test_resume_without_a_bundle"),
    "SC518": ("a run", "test_resume_of_a_run_that_is_under_way"),
    "SC519": ("a run", "test_run_that_has_not_finished"),
    "SC520": ("a run", "test_continuing_without_a_checkpoint"),
    "SC521": ("another run", "test_continuing_with_another_network"),
    "SC523": ("depends on the machine", "test_network_that_cannot_be_compiled"),
    "SC526": ("a damaged run folder", "test_run_folder_that_was_cut"),
    "SC527": ("a run", "test_export_that_differs"),
    "SC528": ("a run", "test_network_that_cannot_be_exported"),
    "SC529": ("no spec", "test_export_without_its_packages"),
    "SC530": ("no spec", "test_export_into_a_folder_that_is_taken"),
    "SC531": ("no spec", "test_export_of_no_row"),
    "SC537": ("a run", "test_export_that_does_not_run"),
    "SC532": ("no spec", "test_tracker_that_is_not_installed"),
    "SC533": ("no spec", "test_tracker_that_does_not_answer"),
    "SC534": ("a run", "test_tracker_that_fails"),
    "SC508": ("no spec", "test_model_that_is_not_there"),
    "SC509": ("no spec", "test_model_of_an_earlier_version"),
    "SC510": ("no spec", "test_model_that_was_changed"),
    "SC511": ("no spec", "test_weights_of_another_network"),
    "SC601": ("no bundle", "test_missing_bundle"),
    "SC602": ("a damaged bundle", "test_empty_folder_as_bundle"),
    "SC603": ("a hostile zip", "test_zip_that_names_files_outside"),
    "SC604": ("a damaged file", "test_truncated_frame"),
    "SC605": ("a wrong bundle.json", "test_wrong_bundle_json"),
    "SC625": ("a huge bundle", "test_zip_of_too_many_files"),
    "SC634": ("no run", "test_fits_of_a_folder_that_is_no_run"),
    "SC636": ("another run", "test_fits_of_another_extractor"),
    "SC642": ("no spec", "test_table_that_cannot_be_read"),
    "SC643": ("no spec", "test_query_that_fails"),
    "SC644": ("no spec", "test_frame_whose_name_is_a_path"),
    "SC645": ("no spec", "test_key_with_nulls"),
    "SC646": ("no spec", "test_place_that_is_taken"),
    "SC647": ("no spec", "test_column_that_is_no_number"),
    "SC648": ("no spec", "test_label_in_two_frames"),
    "SC649": ("no spec", "test_label_that_is_a_time"),
    "SC650": ("no spec", "test_bundle_of_a_label_alone"),
    "SC656": ("a trained model", "test_bundle_that_lacks_what_the_model_reads"),
    "SC657": ("a trained model", "test_bundle_that_lacks_what_the_model_reads"),
    "SC658": ("a trained model", "test_columns_of_other_dtypes_than_in_training"),
    "SC659": ("a trained model", "test_columns_of_other_dtypes_than_in_training"),
    "SC660": ("a trained model", "test_evaluation_of_a_split_that_is_not_there"),
}
"""Codes that no case of the corpus can show: why, and the test of test_bad_input.py."""


@pytest.mark.parametrize("name", CODES)
def test_code_has_a_reason_in_words(name: str) -> None:
    code = CODES[name]
    assert re.fullmatch(r"SC[0-7]\d\d", code.name)
    assert code.doc.endswith(".") and code.doc[0].isupper() | code.doc.startswith(("`", "bundle"))
    assert code.message and not code.message.endswith(".")
    assert code.help is None or not code.help.endswith(".")


def test_names_of_codes_are_unique_and_ascend() -> None:
    names = [code.name for code in CODES.values()]
    assert names == sorted(set(names))


@pytest.mark.parametrize("name", CODES)
def test_code_is_raised_somewhere(name: str) -> None:
    assert name in _used()


@pytest.mark.parametrize("name", CODES)
def test_code_has_a_failing_case(name: str) -> None:
    code = CODES[name].name
    if code not in ELSEWHERE:
        assert code in _shown(), f"no case of tests/golden shows {code}"


@pytest.mark.parametrize("code", ELSEWHERE)
def test_code_shown_elsewhere_has_its_test(code: str) -> None:
    assert code not in _shown(), "the corpus shows it: take it out of the table"
    assert code in _bad_input()[ELSEWHERE[code][1]]


@cache
def _bad_input() -> dict[str, str]:
    """The tests of test_bad_input.py by name."""
    text = (TESTS / "test_bad_input.py").read_text(encoding="utf-8")
    return {node.name: ast.get_source_segment(text, node) or ""
            for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


@cache
def _shown() -> frozenset[str]:
    """The codes in the outputs of the golden corpus."""
    return frozenset(
        code for output in (TESTS / "golden").glob("*/*/*.out")
        for code in re.findall(r"(?:error|warning)\[(SC\d+)\]", output.read_text("utf-8")))


@cache
def _used() -> frozenset[str]:
    """The constants of codes.py that the product calls `at` on."""
    used = set()
    for folder in ("compiler", "runtime", "specc"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                # A code may be chosen first and called later, so any mention but an import counts.
                if isinstance(node, ast.Attribute):
                    used.add(node.attr)
                elif isinstance(node, ast.Name) and path.name != "codes.py":
                    used.add(node.id)
    return frozenset(used)
