from tests.checks.conftest import provisioned

__all__ = ["provisioned"]
