FROM node:24-slim

ENV NODE_ENV=production
WORKDIR /app

# Only what runs: the dependencies without the development tools (the image has Node itself).
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

COPY src ./src
COPY routes ./routes
COPY schemas ./schemas

# /data holds what outlives the container: the message history.
RUN mkdir -p /data && chown node:node /data
VOLUME /data
ENV CODEX_HOME=/data

USER node
# Inside a container only 0.0.0.0 can be reached from outside, and that needs PARLEY_API_KEYS.
ENV PARLEY_HOST=0.0.0.0 PARLEY_PORT=8787
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PARLEY_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "--max-semi-space-size=4", "src/main.ts"]
