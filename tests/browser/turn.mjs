// Servers of the demo that are stopped, or started again.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const isUp = ({ hostname, port }) =>
  new Promise((resolve) => {
    // Every host below localhost is this machine, which the C library does not know.
    const host = hostname.endsWith('.localhost') ? '127.0.0.1' : hostname;
    const socket = net.connect({ host, port });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

const turn = async (demo, url, signal, wanted) => {
  if ((await isUp(url)) === wanted) return;
  process.kill(demo, signal);
  for (let times = 0; times < 100; times += 1) {
    if ((await isUp(url)) === wanted) return;
    await sleep(50);
  }
  throw new Error(`${url} does not ${wanted ? 'start' : 'stop'}`);
};

// Each stops the server or starts it, as wanted: scripts/demo does.
export const turnDirectory = (visit, wanted) => turn(visit.demo, visit.ldaps, 'SIGUSR1', wanted);
export const turnBridge = (visit, wanted) => turn(visit.demo, new URL(visit.idp), 'SIGUSR2', wanted);
