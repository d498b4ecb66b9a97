FROM python:3.11-slim

RUN useradd --create-home --uid 1000 user
USER 1000
WORKDIR /home/user/app
ENV PATH=/home/user/.local/bin:$$PATH HOME=/home/user HF_HOME=/home/user/.cache/huggingface

COPY --chown=user . .
RUN pip install --no-cache-dir --user -r requirements.txt

EXPOSE $port
CMD ["python", "app.py"]
