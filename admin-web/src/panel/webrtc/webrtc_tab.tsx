/** Tests of STUN and TURN servers, from here and from the server. */
export function WebrtcTab() {
  return <h1 class="visually-hidden">WebRTC Testing</h1>;
}
