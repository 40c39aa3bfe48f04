"""Errors that redspots raises on purpose, each with a code and one sentence that names the file and the fix.

    RedspotsError
    ├── PhotoError      one photo cannot be scored; the others go on
    ├── InputError      nothing found, or an option that makes no sense
    │   ├── ManifestError   labelled photos that cannot be trained or measured on
    │   ├── DatasetError    a public dataset that cannot be built or fetched as its file says
    │   └── RecipeError     a training recipe with an unknown key or a value out of range
    ├── RequestError    a request over HTTP that cannot be answered
    ├── ModelError      a model folder that is missing, truncated, altered or of another format
    ├── WordsError      words without a referral, or with a missing entry
    ├── OutputError     a result that cannot be written, or would overwrite something
    └── ClusterError    other machines that cannot be reached, or that fail

`code` is stable, for programs; the sentence is for people and may change.
`exit_status` is what the command line exits with when the error ends the command.
"""

from __future__ import annotations

from typing import ClassVar


class RedspotsError(Exception):
    """Base of all errors raised on purpose. `str(error)` is one sentence for people, without secrets of URLs."""

    codes: ClassVar[frozenset[str]] = frozenset()
    exit_status: ClassVar[int] = 1

    def __init__(self, code: str, sentence: str) -> None:
        """Refuse a code that its class does not list: programs rely on the list being complete."""
        if code not in self.codes:
            raise ValueError(f"{type(self).__name__} has no code {code!r}; it has {sorted(self.codes)}")
        # Whatever was typed or fetched, and whatever a library said of it: here every sentence passes.
        # Where nothing fails, as for --help, its expressions need not be compiled.
        from model.redaction import redacted

        super().__init__(redacted(sentence))
        self.code = code

    def __reduce__(self) -> tuple[type[RedspotsError], tuple[str, str]]:
        """Survive the way back from a worker process with the code intact."""
        return type(self), (self.code, str(self))


class PhotoError(RedspotsError):
    """One photo cannot be scored."""

    codes = frozenset(
        {
            "missing",
            "not_a_file",
            "unreadable",
            "unreachable",
            "empty",
            "file_too_large",
            "not_an_image",
            "damaged",
            "too_many_pixels",
            "too_small",
            "fully_transparent",
            "bad_crop",
            "failed",
        }
    )
    exit_status = 1


class InputError(RedspotsError):
    """Nothing was found to work on, or options contradict each other."""

    codes = frozenset({"nothing_found", "missing_path", "bad_option", "extra_not_installed"})
    exit_status = 2


class ManifestError(InputError):
    """Labelled photos that cannot be trained or measured on."""

    codes = frozenset(
        {
            "missing_manifest",
            "unreadable_manifest",
            "missing_column",
            "unknown_category",
            "missing_photo",
            "group_in_two_splits",
            "unknown_body_site",
            "unknown_split",
            "no_photos",
            "too_few_photos",
            "unfit_photos",
        }
    )


class DatasetError(InputError):
    """A public dataset that cannot be built or fetched as its file in data_manifests/ says."""

    codes = frozenset(
        {
            "unknown_dataset",
            "bad_dataset",
            "nothing_to_build",
            "missing_table",
            "altered_table",
            "missing_column",
            "licence_not_accepted",
            "not_fetchable",
            "not_here",
        }
    )


class RecipeError(InputError):
    """A training recipe that cannot be followed."""

    codes = frozenset({"missing_recipe", "unreadable_recipe", "unknown_key", "bad_value", "missing_weights"})


class RequestError(RedspotsError):
    """A request over HTTP that cannot be answered as it was sent."""

    codes = frozenset(
        {
            "busy",
            "failed",
            "malformed",
            "method_not_allowed",
            "no_photo",
            "not_a_form",
            "not_authorised",
            "not_found",
            "too_many_photos",
            "too_many_requests",
            "too_many_logins",
            "too_slow",
            "unknown_language",
            "unknown_red_flag",
        }
    )


class ModelError(RedspotsError):
    """A model folder that cannot be used."""

    codes = frozenset(
        {
            "missing_model",
            "missing_file",
            "altered_file",
            "bad_card",
            "bad_network",
            "bad_store",
            "bad_archive",
            "not_promoted",
            "refused",
        }
    )
    exit_status = 3


class WordsError(RedspotsError):
    """A words file without a referral, or without an entry that an answer needs."""

    codes = frozenset({"missing_words", "unreadable_words", "missing_entry", "empty_text"})
    exit_status = 3


class OutputError(RedspotsError):
    """A result that cannot be written, or that would overwrite something."""

    codes = frozenset(
        {
            "exists",
            "unknown_format",
            "cannot_write",
            "unfinished_run",
            "other_run",
            "no_journal",
            "in_use",
            "damaged_part",
            "damaged_journal",
        }
    )
    exit_status = 4


class ClusterError(RedspotsError):
    """Machines that score together cannot be reached, or one of them cannot do its part."""

    codes = frozenset({"no_cluster", "other_version", "worker_failed"})
    exit_status = 5
