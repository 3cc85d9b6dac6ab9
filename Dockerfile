# The bot in a container: run-time dependencies only, every one checked against its hash, no compiler, no root.
#
# constraints-runtime.txt is the part of constraints.txt the program itself needs (`make lock` writes both and a
# test holds them together). pip 24 in this image cannot take the hashes of a constraints file for anything but
# a full list of pins, hence the second list instead of `-c constraints.txt`.

FROM python:3.11-slim AS build
WORKDIR /src
RUN python -m venv /opt/khuyenhoc && python -m venv /opt/build
COPY constraints-runtime.txt constraints.txt ./
RUN /opt/khuyenhoc/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps -r constraints-runtime.txt
# The build tool is pinned too: its block of the list, up to the line that ends it.
RUN sed -n '/^setuptools==/,/[^\\]$/p' constraints.txt > build.txt \
    && /opt/build/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps -r build.txt
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY connectors connectors
COPY knowledge knowledge
COPY nlu nlu
RUN /opt/build/bin/pip wheel --no-cache-dir --no-deps --no-build-isolation --wheel-dir /src/wheels . \
    && /opt/khuyenhoc/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-index /src/wheels/*.whl \
    && /opt/khuyenhoc/bin/python -m nlu.embedded

FROM python:3.11-slim
# Scanned pages of documents that are taken in are read by Tesseract; everything else works without it.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-vie \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin khuyenhoc \
    && install --directory --owner=khuyenhoc --group=khuyenhoc --mode=700 /data
COPY --from=build /opt/khuyenhoc /opt/khuyenhoc
ENV PATH=/opt/khuyenhoc/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DATA_DIR=/data \
    HOST=0.0.0.0 \
    PORT=8080 \
    LOG_FORMAT=json
USER 10001
WORKDIR /opt/khuyenhoc
VOLUME /data
EXPOSE 8080
# Alive, not ready: a container that waits for its database must not be killed for it. Workers and senders
# serve nothing; compose.yaml switches this off for them.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as r; r.urlopen(f\"http://127.0.0.1:{os.environ['PORT']}/healthz\", timeout=4)"]
ENTRYPOINT ["khuyenhoc"]
CMD ["serve"]
