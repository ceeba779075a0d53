// Janus's Admin API, and the plugin's admin requests through it.
export class AdminApi {
  constructor(address, secret) {
    this.address = address;
    this.secret = secret;
  }

  /** A request of Janus's own: list_sessions, handle_info, … */
  async janus(request, path = '') {
    const body = { ...request, transaction: crypto.randomUUID(), admin_secret: this.secret };
    const response = await fetch(this.address + path, { method: 'POST', body: JSON.stringify(body) });
    return await response.json();
  }

  /** A request to the plugin; the answer may be its error. */
  async ask(request) {
    const answer = await this.janus({ janus: 'message_plugin', plugin: 'janus.plugin.callroom', request });
    if (answer.janus !== 'success') throw new Error(`Janus refused the request: ${JSON.stringify(answer.error)}`);
    return answer.response;
  }

  async sessions() {
    return (await this.janus({ janus: 'list_sessions' })).sessions;
  }

  async handles(session) {
    return (await this.janus({ janus: 'list_handles' }, `/${session}`)).handles;
  }

  async handleInfo(session, handle) {
    return (await this.janus({ janus: 'handle_info' }, `/${session}/${handle}`)).info;
  }
}
