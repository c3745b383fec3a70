import { describe, expect, test } from 'vitest'
import { isLoopbackName } from '../../src/lib/loopback.ts'

const hostOf = (host: string): string => new URL(`http://${host}/`).hostname

describe('a loopback name', () => {
  test.each([
    'localhost',
    'LOCALHOST:8787',
    'app.localhost',
    '127.0.0.1',
    '127.0.0.1:80',
    '127.255.0.9',
    '127.1',
    '0x7f000001',
    '2130706433',
    '[::1]',
    '[0:0:0:0:0:0:0:1]:8787',
  ])('%s is one', (host) => {
    expect(isLoopbackName(hostOf(host))).toBe(true)
  })

  test.each([
    'example.com',
    'localhost.example.com',
    'notlocalhost',
    '127.0.0.1.example.com',
    'a127.0.0.1.nip.io',
    '128.0.0.1',
    '10.127.0.1',
    '0.0.0.0',
    '[::]',
    '[::2]',
    '[fe80::1]',
    '[::ffff:10.0.0.1]',
  ])('%s is none', (host) => {
    expect(isLoopbackName(hostOf(host))).toBe(false)
  })

  test.each(['', '::1', '127.0.0', '127.0.0.1 ', ' localhost', '127.0.0.1\n', '127.a.0.1'])(
    '%j, which no URL has, is none',
    (name) => {
      expect(isLoopbackName(name)).toBe(false)
    },
  )
})
