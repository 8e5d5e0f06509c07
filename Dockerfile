# forewarn in a container: built from the source beside this file, run as nobody in particular on a plain Debian.
#   docker build -t forewarn .
#   docker run -v forewarn-data:/data -v ./forewarn.toml:/etc/forewarn/forewarn.toml:ro -p 8321:8321 forewarn
# The private side (8322: pages, API, metrics) listens on loopback inside the container and is not published:
# docs/deploy/README.md says how to reach it.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY Cargo.toml Cargo.lock build.rs ./
COPY src src
COPY providers providers
COPY benches benches
RUN cargo build --release --locked --bin forewarn

FROM debian:bookworm-slim
# The system's roots of trust: how providers prove who they are.
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates \
 && rm -rf /var/lib/apt/lists/* \
 && groupadd --gid 10001 forewarn \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin forewarn \
 && install -d -m 0700 -o 10001 -g 10001 /data
COPY --from=build /src/target/release/forewarn /usr/local/bin/forewarn
COPY LICENSE-MIT LICENSE-APACHE /usr/share/doc/forewarn/
USER 10001:10001
ENV FOREWARN_DATA=/data
VOLUME /data
EXPOSE 8321
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/forewarn"]
CMD ["serve", "--intake", "0.0.0.0:8321"]
