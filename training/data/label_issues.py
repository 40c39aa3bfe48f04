"""Photos whose category does not fit what they look like, by confident learning (Northcutt et al., 2021; cleanlab)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from cleanlab.filter import find_label_issues
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model.classifier import Classifier
from model.errors import PhotoError
from training.data.audit import Finding
from training.data.photos import Listed

FOLDS = 5
LEAST_GROUPS = 5
"""Groups that a category needs: below, nothing can be said of it."""


def suspect_categories(rows: Sequence[Listed], classifier: Classifier) -> list[Finding]:
    """Return the photos whose category is doubtful, the most doubtful first.

    Probabilities come from a logistic regression on the evidence maps of the classifier, cross-validated over groups:
    no photo is judged by what was fitted to it or to its group. Doubtful is no verdict: look at the photo.
    """
    kept, features = _features(rows, classifier)
    groups_of = Counter(category for category, _ in {(row.category, row.group) for row in kept})
    chosen = [number for number, row in enumerate(kept) if groups_of[row.category] >= LEAST_GROUPS]
    categories = sorted({kept[number].category for number in chosen})
    if len(categories) < 2:
        return []
    labels = np.array([categories.index(kept[number].category) for number in chosen])
    groups = np.array([kept[number].group for number in chosen])
    probabilities = cross_val_predict(
        make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000, C=0.1, class_weight="balanced")),
        np.stack([features[number] for number in chosen]),
        labels,
        groups=groups,
        cv=StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0),
        method="predict_proba",
    )
    ranked = find_label_issues(labels, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [_finding(kept[chosen[number]], categories, probabilities[number]) for number in ranked]


def _features(rows: Sequence[Listed], classifier: Classifier) -> tuple[list[Listed], list[NDArray[np.float32]]]:
    kept, features = [], []
    for row in rows:
        try:
            photo = classifier.read(row.path)
        except PhotoError:
            continue  # The audit says so.
        evidence = classifier.classify([photo], evidence=True)[0].evidence
        assert evidence is not None
        maps = evidence.maps.reshape(len(evidence.maps), -1)
        kept.append(row)
        features.append(np.concatenate([maps.mean(axis=1), maps.std(axis=1), maps.max(axis=1), maps.min(axis=1)]))
    return kept, features


def _finding(row: Listed, categories: Sequence[str], probabilities: NDArray[np.float64]) -> Finding:
    likeliest = categories[int(probabilities.argmax())]
    own = float(probabilities[categories.index(row.category)])
    detail = f"labelled {row.category} ({own:.2f}), looks like {likeliest} ({float(probabilities.max()):.2f})"
    return Finding("suspicious_category", row.path, None, detail)
