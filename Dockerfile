# ronde as one static program: no shell, no libraries, not root. Settings and state live in the volume /data.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=unknown
RUN CGO_ENABLED=1 go build -buildvcs=false -trimpath \
      -tags goolm,sqlite_omit_load_extension,osusergo,netgo,timetzdata \
      -ldflags "-s -w -X main.version=$VERSION -linkmode external -extldflags -static" \
      -o /out/ronde . \
 && mkdir /out/data /out/tmp

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/ronde /ronde
COPY --from=build --chown=10001:10001 /out/data /data
COPY --from=build --chown=10001:10001 /out/tmp /tmp
USER 10001:10001
WORKDIR /data
VOLUME /data
HEALTHCHECK --interval=1m --timeout=10s --start-period=2m CMD ["/ronde", "health"]
ENTRYPOINT ["/ronde"]
CMD ["run", "-c", "/data/config.toml"]
