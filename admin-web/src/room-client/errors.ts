/** A numbered error of the plugin; the codes are listed in README.md. */
export class CallroomError extends Error {
  override readonly name = 'CallroomError';
  constructor(
    readonly code: number,
    text: string,
  ) {
    super(text);
  }
}

/** The way to Janus is gone, or Janus did not answer in time. */
export class TransportError extends Error {
  override readonly name = 'TransportError';
}

/** An error of Janus's own core, with its code (458: no such session, 459: no such handle, …). */
export class JanusError extends Error {
  override readonly name = 'JanusError';
  constructor(
    readonly code: number,
    text: string,
  ) {
    super(text);
  }
}
