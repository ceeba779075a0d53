/** A numbered error of the plugin, or of Janus's Admin API. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  constructor(
    readonly kind: 'secret' | 'plugin' | 'janus' | 'network',
    readonly code: number,
    text: string,
  ) {
    super(text);
  }

  /** The database is not there at the moment, or none is configured. */
  get databaseAway(): boolean {
    return this.kind === 'plugin' && this.code === kDatabaseUnavailable;
  }
}

const kDatabaseUnavailable = 430;
const kUnauthorized = 403;
const kUnauthorizedPlugin = 405;

export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

interface JanusAnswer {
  janus: string;
  response?: Record<string, unknown>;
  error?: { code: number; reason: string };
}

/** Requests to the plugin's admin side. The secret lives in this object alone, and goes nowhere but to the Admin API. */
export class AdminApi {
  constructor(
    private readonly secret: string,
    private readonly address = '/janus-admin',
  ) {}

  /** The plugin's answer, whose shape is the caller's to know. */
  async request<Answer>(name: string, parameters: Parameters = {}, signal?: AbortSignal): Promise<Answer> {
    const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '');
    const answer = await this.post({ request: name, ...Object.fromEntries(given) }, signal);
    if (answer.janus !== 'success' || !answer.response) throw janusError(answer);
    const { response } = answer;
    if (response.callroom === 'error') {
      throw new AdminError('plugin', Number(response.error_code), String(response.error));
    }
    return response as Answer;
  }

  private async post(request: object, signal?: AbortSignal): Promise<JanusAnswer> {
    const body = {
      janus: 'message_plugin',
      transaction: crypto.randomUUID?.() ?? String(Math.random()),
      admin_secret: this.secret,
      plugin: 'janus.plugin.callroom',
      request,
    };
    const init: RequestInit = {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      cache: 'no-store',
      credentials: 'omit',
    };
    if (signal) init.signal = signal;
    try {
      const response = await fetch(this.address, init);
      if (!response.ok) throw new AdminError('network', response.status, `The server answered ${response.status}.`);
      return (await response.json()) as JanusAnswer;
    } catch (error) {
      if (error instanceof AdminError || signal?.aborted) throw error;
      throw new AdminError('network', 0, 'The server cannot be reached.');
    }
  }
}

function janusError({ error }: JanusAnswer): AdminError {
  const code = error?.code ?? 0;
  if (code === kUnauthorized || code === kUnauthorizedPlugin) {
    return new AdminError('secret', code, 'This is not the admin secret.');
  }
  return new AdminError('janus', code, error?.reason ?? 'Janus gave an answer that was not understood.');
}
