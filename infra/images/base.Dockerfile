# The base of `--base local`: what root.mjs laid out of this machine's node. For tests, where no registry can be reached.
FROM scratch
COPY runtime/ /
ENV PATH=/usr/local/bin
