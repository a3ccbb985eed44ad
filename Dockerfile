# sentsim and its reference receiver as images with nothing else in them: static
# programs, no shell, no root. Build the programs first, for the platform of the
# image:
#
#   make build && mkdir -p bin/empty
#   docker build --target sentsim -t sentsim .
#   docker build --target receiver -t sentsim-receiver .
#
# make images does all of it.
FROM scratch AS receiver
COPY bin/receiver /receiver
# A folder that it may write to: events outlive a restart, and with a volume here
# the container.
COPY --chown=65532:65532 bin/empty /data
ENV STATE_FILE=/data/receiver.db
USER 65532:65532
EXPOSE 8080
# Everywhere: in a container, 127.0.0.1 is nobody's but its own.
ENTRYPOINT ["/receiver", "--listen", ":8080"]

FROM scratch AS sentsim
COPY bin/sentsim /sentsim
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/sentsim"]
