# syntax=docker/dockerfile:1
# Runs models: docker build -t rnn-zoo . ; docker run --rm -v "$PWD:/work" rnn-zoo list

FROM python:3.11-slim-bookworm AS build
WORKDIR /source
RUN pip install --no-cache-dir "hatchling>=1.25,<2"
COPY . .
RUN python -m hatchling build -t wheel -d /wheel

FROM python:3.11-slim-bookworm
RUN --mount=type=bind,from=build,source=/wheel,target=/wheel \
    pip install --no-cache-dir /wheel/*.whl
RUN useradd --create-home --uid 1000 zoo && install --directory --owner=zoo /work
USER 1000
WORKDIR /work
ENTRYPOINT ["zoo"]
CMD ["--help"]
