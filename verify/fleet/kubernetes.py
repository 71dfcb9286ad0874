"""The same for Kubernetes: an indexed Job that asks every node once. Kubernetes starts it; nothing here does."""

from dataclasses import dataclass
from typing import Any

NAME = "verify-fleet"
# The image's, and where it may write.
USER = 10001
STATE = "/var/lib/llm-verify"
HOST = "kubernetes.io/hostname"
IDENTITY = "/etc/machine-id"
OUT = "/reports"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a manifest is made from.

    Attributes:
        image: By its digest.
        nodes: How many nodes to ask, each once.
        gpus: How many NVIDIA GPUs a node has; 0 for none.
        environment: The machine class.
        level: How much to ask.
        minutes: After which Kubernetes ends all of it.
        claim: The volume claim that reports go to; every pod writes a folder of its own.
        memory_gigabytes: Of scratch space in memory, for what frameworks share between processes.
    """

    image: str
    nodes: int
    gpus: int
    environment: str
    level: str
    minutes: int
    claim: str
    memory_gigabytes: int = 8


def job(wanted: Wanted) -> dict[str, Any]:
    """The manifest of a batch/v1 Job, as plain data; JSON is YAML too."""
    labels = {"app.kubernetes.io/name": NAME}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"{NAME}-", "labels": labels},
        "spec": {
            "completionMode": "Indexed",
            "completions": wanted.nodes,
            # All at once, or two could take turns on one node.
            "parallelism": wanted.nodes,
            # A node that fails is an answer: it is not asked again, and the others go on.
            "backoffLimitPerIndex": 0,
            "maxFailedIndexes": wanted.nodes,
            "activeDeadlineSeconds": 60 * wanted.minutes,
            "template": {"metadata": {"labels": labels}, "spec": _pod(wanted, labels)},
        },
    }


def _pod(wanted: Wanted, labels: dict[str, str]) -> dict[str, Any]:
    alone = {"labelSelector": {"matchLabels": labels}, "topologyKey": HOST}
    return {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [alone]}},
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": USER,
            "fsGroup": USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(wanted)],
        "volumes": [
            {"name": "reports", "persistentVolumeClaim": {"claimName": wanted.claim}},
            {"name": "state", "emptyDir": {}},
            {"name": "identity", "hostPath": {"path": IDENTITY, "type": "File"}},
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": f"{wanted.memory_gigabytes}Gi"}},
        ],
    }


def _container(wanted: Wanted) -> dict[str, Any]:
    words = ["fleet", "answer", "--environment", wanted.environment, "--level", wanted.level]
    mounts = [
        # A folder a node and Job: Kubernetes fills in their names.
        {"name": "reports", "mountPath": OUT, "subPathExpr": "$(JOB_NAME)/$(NODE_NAME)"},
        {"name": "state", "mountPath": STATE},
        # The certificate is the node's, not the container's.
        {"name": "identity", "mountPath": IDENTITY, "readOnly": True},
        {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - the container's own
    ]
    return {
        "name": "verify",
        "image": wanted.image,
        "args": words,
        "env": [
            _field("JOB_NAME", "metadata.labels['batch.kubernetes.io/job-name']"),
            _field("NODE_NAME", "spec.nodeName"),
            {"name": "VERIFY_FLEET_OUT", "value": OUT},
            {"name": "VERIFY_IMAGE_DIGEST", "value": wanted.image.partition("@")[2]},
        ],
        "resources": {"limits": {"nvidia.com/gpu": wanted.gpus}} if wanted.gpus else {},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": mounts,
    }


def _field(name: str, path: str) -> dict[str, Any]:
    return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}}
