// Loaded before a service: its wall clock, in each thread, is as many milliseconds off as a file says.
import { readFileSync } from 'node:fs';

const path = process.env.GRIDMILL_CAMPAIGN_CLOCK;
const { now } = Date;
let offMs = 0;
const look = () => {
  try {
    offMs = Number(readFileSync(path, 'utf8')) || 0;
  } catch {
    offMs = 0;
  }
};
look();
setInterval(look, 100).unref();
Date.now = () => now() + offMs;
