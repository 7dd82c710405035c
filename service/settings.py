"""One table of settings, read from the environment with the prefix EMPELT_."""

from functools import cache
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Every setting: name, default, unit, one sentence."""

    model_config = SettingsConfigDict(env_prefix="EMPELT_", frozen=True, extra="ignore")

    data: Path = Field(Path("data"), description="Folder of the store, the index and reference data.")
    database_url: str | None = Field(
        None, description="SQLAlchemy address of the store, sqlite or postgresql; SQLite in `data` when unset."
    )
    encoder: str | None = Field(
        None, description="Folder or hub id of a sentence-transformers model; the shipped encoder when unset."
    )
    reranker: str | None = Field(
        None, description="Folder of a cross-encoder that orders the best results anew; none when unset."
    )
    admin_key: SecretStr | None = Field(
        None, description="Key that may do everything over the API, beside those that `empelt keys create` makes."
    )
    host: str = Field("127.0.0.1", description="Address to serve on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to serve on.")
    refresh_seconds: float = Field(
        1.0, gt=0, description="Seconds between two looks at whether a newer snapshot is there."
    )
    queue: int = Field(128, ge=1, description="Queries that may wait for the encoder before 503 is answered.")
    per_minute: int = Field(240, ge=1, description="Requests a minute and address before 429 is answered.")
    public_url: str | None = Field(
        None, description="Address the service is reached at, for links in feeds; the request's when unset."
    )

    @property
    def store_url(self) -> str:
        """The store's address."""
        return self.database_url or f"sqlite:///{self.data.resolve() / 'empelt.db'}"

    @property
    def index(self) -> Path:
        """The index folder."""
        return self.data / "index"


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()
