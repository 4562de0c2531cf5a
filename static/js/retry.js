/** Whether the status means that the server is temporarily unavailable. */
export const isAway = (status) => [502, 503, 504].includes(status);

/** `later()` calls `send` after the first of `waits` (seconds), then after the second; the last one repeats. */
export function makeRetry(waits, send) {
  let tries = 0;
  let timer;
  return {
    isTrying: () => tries > 0,
    later() {
      clearTimeout(timer);
      timer = setTimeout(send, 1000 * waits[Math.min(tries, waits.length - 1)]);
      tries += 1;
    },
    stop() {
      clearTimeout(timer);
      tries = 0;
    },
  };
}

/** Return a random UUID (RFC 9562, version 4). crypto.randomUUID exists only on HTTPS. */
export function newToken() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
