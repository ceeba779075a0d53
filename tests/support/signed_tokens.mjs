// Tokens as an application makes them for its users, with the secret that it shares with Janus.
import { createHmac } from 'node:crypto';

/** As Janus's signed tokens are: "expiry,realm,what it allows,…:signature". */
export function signedToken(secret, realm, allows, { seconds = 600 } = {}) {
  const data = [Math.floor(Date.now() / 1000) + seconds, realm, ...allows].join(',');
  return `${data}:${createHmac('sha1', secret).update(data).digest('base64')}`;
}
