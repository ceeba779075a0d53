// What a run of tests is made of. Plain data: nothing in it is a credential, so that all of it may be copied and saved.

export type Status = 'waiting' | 'running' | 'pass' | 'warn' | 'fail' | 'skipped';
export type Severity = 'critical' | 'warning' | 'info';

/** Something a test found, by name, and what to do about it. */
export interface Finding {
  severity: Severity;
  code: string;
  text: string;
  /** Which server, device or part it is about. */
  about?: string;
}

export interface Fact {
  name: string;
  value: string;
}

export interface CandidateLine {
  at_ms: number;
  type: string;
  protocol: string;
  address: string;
  port: number;
  priority: number;
  /** How the browser reaches the relay: udp, tcp, tls. */
  relay_protocol?: string;
}

export interface StateLine {
  at_ms: number;
  state: string;
}

/** What the server that Janus runs on found out about the same thing. */
export interface ServerVerdict {
  verdict: string;
  status: Status;
  meaning: string;
  reason: string;
  duration_ms: number;
  steps: { name: string; state: string; duration_ms: number; detail: string; address?: string | null }[];
  facts: Fact[];
}

export interface Outcome {
  status: Exclude<Status, 'waiting' | 'running'>;
  /** One line: what was seen. */
  summary: string;
  facts?: Fact[];
  candidates?: CandidateLine[];
  states?: StateLine[];
  server?: ServerVerdict;
  findings?: Finding[];
}

export interface TestResult extends Omit<Outcome, 'status' | 'summary'> {
  id: string;
  group: string;
  title: string;
  status: Status;
  summary: string;
  duration_ms?: number;
}

export interface TestCase {
  id: string;
  group: string;
  title: string;
  /** Told while it runs what it does at the moment. */
  run(say: (doing: string) => void, signal: AbortSignal): Promise<Outcome>;
}

export const isOver = ({ status }: { status: Status }) => status !== 'waiting' && status !== 'running';

export const fact = (name: string, value: string | number): Fact => ({ name, value: String(value) });
