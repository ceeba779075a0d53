import { RoomClient } from '../../room-client';
import type { AdminApi } from '../admin_api';
import { cameraTest, microphoneTest, speakerTest } from './device_tests';
import type { TestCase } from './model';
import { mediaTest, signalingTest } from './network_tests';
import { configuredServers } from './server_tests';
import { natTest, type StunFindings, stunServers, stunTest } from './stun_tests';
import { supportTest } from './support_test';
import { type ClientServer, turnTest } from './turn_tests';

export const kGroups: Record<string, string> = {
  browser: 'Browser',
  stun: 'STUN',
  turn: 'TURN',
  devices: 'Devices',
  network: 'Network',
};

export interface Plan {
  cases: TestCase[];
  close(): Promise<void>;
}

/**
 * The tests for what is configured now. The page joins a test room as any client does, and so tests the servers and the
 * credentials that clients get; nothing of them goes into a result.
 */
export async function makePlan(api: AdminApi, signal: AbortSignal): Promise<Plan> {
  const servers = await configuredServers(api, signal);
  const { room } = await api.request<{ room: string }>('test_room', { media: 'relay', capacity: 2 }, signal);
  const client = new RoomClient();
  const close = async () => {
    await client.leave().catch(() => undefined);
    await api.request('destroy', { room }).catch(() => undefined);
  };
  try {
    const joined = await client.join({ room, userId: 'panel-caller', display: 'Test' });
    const ice = (joined.ice_servers ?? []) as ClientServer[];
    const stun = stunServers(ice);
    const together: StunFindings = { answered: [], asked: 0 };
    const relays = servers.filter(({ relays: yes }) => yes);
    const cases = [
      supportTest,
      ...stun.map((server) => stunTest(server, together)),
      ...(stun.length > 0 ? [natTest(stun, together)] : []),
      ...relays.map((server) =>
        turnTest(
          api,
          server,
          ice.find(({ id }) => id === server.id),
        ),
      ),
      microphoneTest,
      cameraTest,
      speakerTest,
      signalingTest(client, room),
      mediaTest(client, room),
    ];
    return { cases, close };
  } catch (error) {
    await close();
    throw error;
  }
}
