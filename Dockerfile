FROM python:3.13-slim-trixie

# pg_dump, for `stancelog backup` of PostgreSQL. It reads servers up to its own version, 17.
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 \
    && rm -rf /var/lib/apt/lists/*

COPY . /src
RUN pip install --no-cache-dir -c /src/constraints.txt /src && rm -rf /src

RUN useradd --system --uid 10001 stancelog && install -d -o stancelog /data
USER stancelog
WORKDIR /data
VOLUME /data

ENV STANCELOG_DATABASE=sqlite:////data/stancelog.db
EXPOSE 8000
# Others reach a container, so it does not start before there is a token for writing:
#   docker run --rm -v stancelog:/data IMAGE stancelog token create --name desk --scope write
# or with STANCELOG_WRITES=off.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD \
    ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["stancelog", "serve", "--host", "0.0.0.0", "--port", "8000"]
