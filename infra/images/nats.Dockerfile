# nats-server, one static file, for tests where no registry can be reached. Installations take the public image that infra/k8s pins.
FROM scratch
COPY files/ /
# By its name, as in the public image: a stop asks the server itself to let its clients go.
ENV PATH=/usr/local/bin
EXPOSE 4222 6222 7422 8222
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/nats-server"]
