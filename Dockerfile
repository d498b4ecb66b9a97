# govor in a container. On a CPU: docker build -t govor .
# With a GPU: docker build -t govor --build-arg TORCH_INDEX=https://download.pytorch.org/whl/cu128 .
# Then: docker run --rm -it -v "$PWD:/work" govor --help      (with a GPU: docker run --gpus all …)
FROM python:3.11-slim-bookworm

ARG TORCH_INDEX=https://download.pytorch.org/whl/cpu
ARG EXTRAS=all

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONUNBUFFERED=1 HF_HOME=/work/.cache/huggingface

WORKDIR /src
COPY pyproject.toml README.md LICENSE CHANGELOG.md constraints.txt ./
COPY recipes recipes
COPY src src
RUN pip install --constraint constraints.txt --extra-index-url "$TORCH_INDEX" ".[$EXTRAS]" \
    && useradd --create-home --uid 1000 govor \
    && mkdir /work && chown govor /work

USER 1000
WORKDIR /work
ENTRYPOINT ["govor"]
CMD ["--help"]
