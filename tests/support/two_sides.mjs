// A stack on the far side of an emulated network, and a browser on either side: what pages here and there send to each
// other directly passes the network as well, like what goes through Janus. Takes root.
//
//   const sides = await TwoSides.start({ 'plugin.room-x.media': 'p2p' });
//   await sides.network.set('both', { loss: 5, delay: 50 });
//   const page = await stormPage(sides.browsers.far);
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { kChromium, launchBrowser } from './browser.mjs';
import { NetEmulator } from './net_emulator.mjs';
import { startStack } from './stack.mjs';

export class TwoSides {
  browsers = {};
  #folder;

  static async start(settings = {}) {
    const sides = new TwoSides();
    try {
      sides.network = await NetEmulator.start();
      sides.stack = await startStack({ ...sides.network.stackSettings, ...settings });
      sides.#folder = await mkdtemp(`${tmpdir()}/callroom-sides.`);
      const command = `${sides.#folder}/chromium`;
      await writeFile(command, `#!/bin/sh\nexec nsenter --net=/run/netns/${sides.network.namespace} ${kChromium} "$@"\n`);
      await chmod(command, 0o755);
      sides.browsers.near = await launchBrowser();
      sides.browsers.far = await launchBrowser([], command);
      return sides;
    } catch (error) {
      await sides.close();
      throw error;
    }
  }

  async close() {
    await Promise.all(Object.values(this.browsers).map((browser) => browser.close()));
    await this.stack?.close();
    await this.network?.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true });
  }
}
