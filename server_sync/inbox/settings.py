"""What can be set on the coach's machine: the table ``[inbox]``."""

from __future__ import annotations

from device.domain.settings import REQUIRED, Setting, Table

TABLES = (
    Table(
        "inbox",
        "The coach's machine: where recordings arrive, and what becomes of them.",
        (
            Setting(
                "drop_box_dir",
                str,
                "Folder of the SFTP account: recordings come into its inbox/, receipts go into receipts/.",
                REQUIRED,
                "/srv/leerblik/dropbox",
            ),
            Setting(
                "library_dir",
                str,
                "Folder of the library: every recording as it came, sealed. Keep it on an encrypted disk.",
                REQUIRED,
                "/srv/leerblik/library",
            ),
            Setting(
                "film_dir",
                str,
                "Folder for the films, which anyone who can read it can watch. Keep it on an encrypted disk.",
                REQUIRED,
                "/srv/leerblik/films",
            ),
            Setting(
                "keys_dir",
                str,
                "Folder of the coach's keys, as made by 'leerblik inbox keys'.",
                REQUIRED,
                "/srv/leerblik/keys",
            ),
            Setting(
                "publish",
                str,
                "film: join each recording into an ordinary film; sealed: keep it sealed until it is opened.",
                "film",
                "film",
                choices=("film", "sealed"),
            ),
            Setting(
                "language",
                str,
                "Language of the chapters in a film.",
                "nl",
                "nl",
                choices=("nl", "en"),
            ),
            Setting(
                "poll_interval_s",
                float,
                "Seconds between two looks into the drop box.",
                10.0,
                10.0,
                low=0.1,
                high=3600,
            ),
            Setting(
                "abandoned_after_days",
                float,
                "Days after which a half-sent object that belongs to no recording is removed.",
                7.0,
                7.0,
                low=1,
                high=365,
            ),
        ),
    ),
)
