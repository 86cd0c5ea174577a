# An image of schemacheck: docker build -t schemacheck . && docker run --rm -v "$PWD:/repo" schemacheck diff ...
FROM --platform=$BUILDPLATFORM golang:1.26-alpine AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY cmd cmd
COPY diff diff
COPY dql dql
COPY fixes fixes
COPY rules rules
ARG TARGETOS TARGETARCH VERSION=
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -ldflags "-s -w -X main.version=$VERSION" -o /out/schemacheck ./cmd/schemacheck

FROM alpine:3.23
# git reads old schemas (git:REF:PATH), and certificates are for a Dgraph with TLS. A mounted work tree belongs to another user
# than the one here: the container is what keeps them apart.
RUN apk add --no-cache ca-certificates git && git config --system --add safe.directory '*'
COPY --from=build /out/schemacheck /usr/local/bin/schemacheck
USER 65532:65532
WORKDIR /repo
ENTRYPOINT ["schemacheck"]
