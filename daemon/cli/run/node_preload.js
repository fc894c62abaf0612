// Preloaded by `tapedeck run`: makes a Node that ignores the proxy variables send its requests
// through the proxy. From 22.21 and 24.5 on Node does so itself, and nothing is done here.
'use strict';

const http = require('http');
const https = require('https');
const net = require('net');
const tls = require('tls');

/** Calls done(error, socket) with a connection to host:port that leads through the proxy. */
function openTunnel(proxy, host, port, done) {
  const authority = `${net.isIPv6(host) ? `[${host}]` : host}:${port}`;
  http.request({
    method: 'CONNECT',
    path: authority,
    headers: { host: authority },
    createConnection: () => net.connect({ ...proxy, noDelay: true, keepAlive: true }),
  }).on('error', done).on('connect', (answer, socket) => {
    if (answer.statusCode === 200) return done(null, socket);
    socket.destroy();
    done(new Error(`the proxy answered CONNECT ${authority} with ${answer.statusCode}`));
  }).end();
}

/** http and https: requests without an agent, and those with an agent that adds nothing to ours. */
function patchAgents(module, proxy) {
  const { Agent } = module;
  const connectDirectly = Agent.prototype.createConnection;
  Agent.prototype.createConnection = function createConnection(options, done) {
    const { host, port } = options;
    const isProxy = host === proxy.host && Number(port) === proxy.port;
    if (isProxy || options.socketPath || Object.getPrototypeOf(this) !== Agent.prototype) {
      return connectDirectly.apply(this, arguments);
    }
    openTunnel(proxy, host, port, (error, socket) => {
      if (error || module === http) return done(error, socket);
      done(null, connectDirectly.call(this, { ...options, socket }));
    });
  };
}

/** fetch, and the package undici: both send through the dispatcher kept at this symbol. */
function replaceDispatcher(proxy) {
  void globalThis.Response;  // loads Node's own undici, which sets it
  const key = Symbol.for('undici.globalDispatcher.1');
  const Agent = globalThis[key]?.constructor;
  if (Agent?.name !== 'Agent') return;
  const connect = ({ hostname, port, protocol, servername }, done) => {
    const secure = protocol === 'https:';
    openTunnel(proxy, hostname, port || (secure ? 443 : 80), (error, socket) => {
      if (error || !secure) return done(error, socket);
      const encrypted = tls.connect({
        socket,
        servername: servername ?? (net.isIP(hostname) ? '' : hostname),
        ALPNProtocols: ['http/1.1'],
      });
      encrypted.once('error', done).once('secureConnect', () => {
        encrypted.off('error', done);
        done(null, encrypted);
      });
    });
  };
  globalThis[key] = new Agent({ connect });
}

const url = process.env.HTTPS_PROXY;
if (url && !process.allowedNodeEnvironmentFlags.has('--use-env-proxy')) {
  const { hostname, port } = new URL(url);
  const proxy = { host: hostname.replace(/[[\]]/g, ''), port: Number(port) };
  patchAgents(http, proxy);
  patchAgents(https, proxy);
  replaceDispatcher(proxy);
}
