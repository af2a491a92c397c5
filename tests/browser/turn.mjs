// Servers of the demo that are stopped, or started again.
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const connect = ({ hostname, port }) =>
  // Every host below localhost is this machine, which the C library does not know.
  net.connect({ host: hostname.endsWith('.localhost') ? '127.0.0.1' : hostname, port });

const isUp = (url) =>
  new Promise((resolve) => {
    const socket = connect(url);
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

// A connection, and when the server hangs up on it: one that is stopped first answers those that it has, the browser's
// among them.
const guest = async (url) => {
  const socket = connect(url);
  const gone = new Promise((resolve) => { socket.once('close', resolve); });
  socket.on('error', () => {}).resume();
  await new Promise((resolve) => { socket.once('connect', resolve).once('close', resolve); });
  return { gone };
};

const turn = async (demo, url, signal, wanted) => {
  if ((await isUp(url)) === wanted) return;
  const before = wanted ? { gone: undefined } : await guest(url);
  process.kill(demo, signal);
  for (let times = 0; times < 100; times += 1) {
    if ((await isUp(url)) === wanted) return before.gone;
    await sleep(50);
  }
  throw new Error(`${url} does not ${wanted ? 'start' : 'stop'}`);
};

// Each stops the server or starts it, as wanted: scripts/demo does.
export const turnDirectory = (visit, wanted) => turn(visit.demo, visit.ldaps, 'SIGUSR1', wanted);
export const turnBridge = (visit, wanted) => turn(visit.demo, new URL(visit.idp), 'SIGUSR2', wanted);
