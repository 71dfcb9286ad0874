"""The manifest is what Kubernetes takes, and asks every node once, as nobody in particular."""

import json
from typing import Any

import pytest

from verify.fleet.kubernetes import Wanted, job

VERSION = "1.37"
DIGEST = "sha256:" + "a" * 64


def made(**changes: Any) -> dict[str, Any]:
    known = {
        "image": f"registry.example/verify@{DIGEST}",
        "nodes": 40,
        "gpus": 8,
        "environment": "cuda",
        "level": "certify",
        "minutes": 120,
        "claim": "verify-reports",
    }
    return job(Wanted(**{**known, **changes}))


def valid(manifest: dict[str, Any]) -> None:
    """Held against the schemas of Kubernetes, strictly: a field that there is not is refused."""
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    kubernetes_validate.validate(json.loads(json.dumps(manifest)), VERSION, strict=True)


@pytest.mark.parametrize("gpus", [0, 8])
def test_the_schemas_of_kubernetes_take_it(gpus: int) -> None:
    valid(made(gpus=gpus))


def test_the_schemas_would_refuse_what_there_is_not() -> None:
    kubernetes_validate = pytest.importorskip("kubernetes_validate")
    for spoil in ({"completionmode": "Indexed"}, {"completions": "forty"}):
        manifest = made()
        manifest["spec"] |= spoil
        with pytest.raises(kubernetes_validate.ValidationError):
            valid(manifest)


def test_every_node_is_asked_once_all_at_the_same_time() -> None:
    spec = made()["spec"]
    assert spec["completionMode"] == "Indexed"
    assert spec["completions"] == spec["parallelism"] == spec["maxFailedIndexes"] == 40
    assert spec["backoffLimitPerIndex"] == 0
    assert spec["activeDeadlineSeconds"] == 7200
    (apart,) = spec["template"]["spec"]["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert apart["topologyKey"] == "kubernetes.io/hostname"
    assert apart["labelSelector"]["matchLabels"].items() <= spec["template"]["metadata"]["labels"].items()


def test_it_runs_as_nobody_on_what_it_cannot_write() -> None:
    pod = made()["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    mounts = {mount["name"]: mount for mount in container["volumeMounts"]}
    assert set(mounts) == {volume["name"] for volume in pod["volumes"]}
    assert mounts["identity"]["readOnly"] is True


def test_the_image_is_told_to_the_report() -> None:
    (container,) = made()["spec"]["template"]["spec"]["containers"]
    assert {"name": "VERIFY_IMAGE_DIGEST", "value": DIGEST} in container["env"]
    assert container["resources"] == {"limits": {"nvidia.com/gpu": 8}}
