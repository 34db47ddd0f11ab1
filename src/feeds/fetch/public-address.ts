// Which internet addresses are public: a download must never reach this machine or its network.
import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** Special-purpose ranges of IPv4 (IANA registry, RFC 6890 and later), none of which a public host has. */
const RESERVED_4: readonly (readonly [network: string, bits: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
];

/** Parts of 2000::/3 that tunnel to IPv4 or are for documentation and benchmarks. Outside 2000::/3 nothing is public. */
const RESERVED_6: readonly (readonly [network: string, bits: number])[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
];

const reserved4 = new BlockList();
for (const [network, bits] of RESERVED_4) reserved4.addSubnet(network, bits, 'ipv4');
const reserved6 = new BlockList();
for (const [network, bits] of RESERVED_6) reserved6.addSubnet(network, bits, 'ipv6');
const global6 = new BlockList();
global6.addSubnet('2000::', 3, 'ipv6');

/** Whether `address` is a numeric address that only the public internet has. IPv4 inside IPv6 is not. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !reserved4.check(address, 'ipv4');
  return isIPv6(address) && global6.check(address, 'ipv6') && !reserved6.check(address, 'ipv6');
}
