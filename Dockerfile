# Two stages: the first compiles with the scripts that everybody uses, the second holds the programs,
# the libraries they are linked with, and nothing else. `scripts/lib/try-image` performs these very
# lines where no container engine runs.

FROM debian:12 AS build
WORKDIR /src
# The packages first: they change less often than the sources, and their layer is kept.
COPY scripts scripts
RUN scripts/lib/install build
COPY . .
RUN --mount=type=cache,target=/root/.cache/ccache scripts/build release
# Symbols stay in the build stage; what a core dump needs is build/release/bin of the same commit.
RUN cmake --install build/release --strip --prefix /opt/device-mgmt

FROM debian:12-slim
LABEL org.opencontainers.image.title="device-mgmt" \
      org.opencontainers.image.description="WebSocket sessions of devices, commands and replies over MQTT" \
      org.opencontainers.image.documentation="docs/operations.md"
COPY scripts/lib /tmp/install
RUN /tmp/install/install runtime && rm -rf /tmp/install /var/lib/apt/lists
# The numbers are fixed so that the volume of one version belongs to the user of the next.
RUN groupadd --gid 7443 device-mgmt \
    && useradd --uid 7443 --gid 7443 --home-dir /var/lib/device-mgmt --no-create-home \
               --no-log-init --shell /usr/sbin/nologin device-mgmt \
    && install -d -o device-mgmt -g device-mgmt -m 0750 /var/lib/device-mgmt
# Every program of the project: what CMake installs.
COPY --from=build /opt/device-mgmt/bin /usr/local/bin
COPY conf/device-mgmt.toml /etc/device-mgmt/device-mgmt.toml
COPY conf/control.toml /etc/device-mgmt/control.toml

USER 7443:7443
WORKDIR /var/lib/device-mgmt
# Accepted commands live here: a container without this volume forgets them when it is removed.
VOLUME /var/lib/device-mgmt
# Devices; operations (health, metrics), which listens on loopback unless ops.address says otherwise.
# The same of control: operators, operations.
EXPOSE 8443 9464 8080 9465
# Drain: sessions are told to reconnect and closed over drain.spread_s. Give the container more than
# drain.deadline_s (40 s): docker stop --time 45, terminationGracePeriodSeconds: 45.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["device-mgmt", "health", "--config", "/etc/device-mgmt/device-mgmt.toml"]
# Keys come from the environment (DEVICE_MGMT_LISTEN_CERT=…), from flags, or from a file of one's own
# mounted over this one.
CMD ["device-mgmt", "--config", "/etc/device-mgmt/device-mgmt.toml"]
