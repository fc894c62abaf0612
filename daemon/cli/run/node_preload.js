// Preloaded by `tapedeck run`: makes Node send its requests through the proxy. NODE_USE_ENV_PROXY
// does so from 22.21 and 24.5 on, but not for agents of a program's own.
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

/** http and https: every request but those whose agent has its own way to connect. */
function patchAgents(module, proxy) {
  const { Agent, globalAgent } = module;
  // Node's own way would send to the proxy what axios has addressed to the proxy already.
  if (globalAgent.options.proxyEnv) {
    module.globalAgent = new Agent({ ...globalAgent.options, proxyEnv: undefined });
  }
  const connectDirectly = Agent.prototype.createConnection;
  Agent.prototype.createConnection = function createConnection(options, done) {
    const { host, port } = options;
    const isProxy = host === proxy.host && Number(port) === proxy.port;
    const hasItsOwnWay = this.options.proxyEnv || Object.getPrototypeOf(this) !== Agent.prototype;
    if (isProxy || options.socketPath || hasItsOwnWay) {
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

if (process.env.HTTPS_PROXY) {
  const { hostname, port } = new URL(process.env.HTTPS_PROXY);
  const proxy = { host: hostname.replace(/[[\]]/g, ''), port: Number(port) };
  patchAgents(http, proxy);
  patchAgents(https, proxy);
  replaceDispatcher(proxy);
}
