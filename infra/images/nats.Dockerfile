# nats-server, one static file, for tests where no registry can be reached. Installations take the public image that infra/k8s pins.
FROM scratch
COPY files/ /
EXPOSE 4222 6222 7422 8222
USER 65532:65532
ENTRYPOINT ["/nats-server"]
