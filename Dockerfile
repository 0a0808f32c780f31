# syntax=docker/dockerfile:1

# --- build: everything that is needed to make the installation, and nothing of it stays -------------------------
FROM python:3.13-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/ccr
COPY pyproject.toml README.md LICENSE hypercorn.toml ./
COPY ccr ccr
COPY web web
RUN /opt/ccr/bin/pip install --no-cache-dir .

# --- run: Python, the installation, and a user who owns nothing but the data folder ------------------------------
FROM python:3.13-slim-bookworm
COPY --from=build /opt/ccr /opt/ccr
RUN useradd --no-create-home --uid 10001 --home-dir /data --shell /usr/sbin/nologin ccr \
    && install --directory --owner=ccr --group=ccr --mode=0700 /data
ENV PATH=/opt/ccr/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    CCR_BIND=0.0.0.0:8000 \
    CCR_DATA=/data
USER ccr
WORKDIR /data
VOLUME /data
EXPOSE 8000
# Bound to all addresses this is production: it starts only with CCR_SECRET_KEY given.
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; \
port = os.environ['CCR_BIND'].rpartition(':')[2]; r.urlopen(f'http://127.0.0.1:{port}/healthz', timeout=2)"]
# The registry says goodbye and ends within ten seconds by itself.
STOPSIGNAL SIGTERM
CMD ["ccr"]
