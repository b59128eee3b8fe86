"""conf/mosquitto-production.conf with conf/mosquitto.acl: TLS, names and passwords."""

import os
import subprocess

from .processes import MOSQUITTO, ROOT, Mosquitto

NODES = "device-mgmt"


class ProductionBroker(Mosquitto):
    CONF = "mosquitto-production.conf"

    def __init__(self, folder, keys, users):
        super().__init__(folder)
        self.keys = keys
        self.ca = str(keys.folder / "ca.pem")
        self.passwords = {name: f"password of {name}" for name in (NODES, *users)}
        keys.secrets.update(self.passwords.values())
        self._password_file = self.folder / "passwords"
        tool = os.path.join(os.path.dirname(MOSQUITTO), "..", "bin", "mosquitto_passwd")
        self._password_file.touch(0o600)
        for name, password in self.passwords.items():
            subprocess.run([tool, "-b", self._password_file, name, password], check=True)

    @property
    def url(self):
        return f"mqtts://localhost:{self.port}"

    def login(self, name):
        return name, self.passwords[name]

    def server_config(self):
        """What device-mgmt needs to be told about it."""
        return {"broker__url": self.url, "broker__ca": self.ca, "broker__username": NODES,
                "broker__password": self.passwords[NODES],
                "broker__response_topics": "dm/responses/#"}

    def _own(self, port):
        return {**super()._own(port), "password_file": self._password_file,
                "acl_file": ROOT / "conf" / "mosquitto.acl",
                "certfile": self.keys.folder / "server.pem",
                "keyfile": self.keys.folder / "server.key"}
