// The health check of the image: exit status 0 when the service answers within two seconds, 1 otherwise.
const TIMEOUT_MS = 2_000;

// Some runtimes do not end a check that is late; a timer of its own also covers what a request cannot be told to stop.
setTimeout(() => process.exit(1), TIMEOUT_MS + 500).unref();
const port = process.env.GRIDMILL_SERVER_PORT || '8080';
try {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  process.exitCode = answer.ok ? 0 : 1;
  await answer.body?.cancel();
} catch (error) {
  process.stderr.write(`${error.cause?.code ?? error.name}: no answer at port ${port}\n`);
  process.exitCode = 1;
}
