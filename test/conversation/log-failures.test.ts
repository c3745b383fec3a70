import { describe, expect, test } from 'vitest'
import { createFakeAgent } from '../support/fake-agent.ts'
import { startManager } from '../support/test-manager.ts'

const text = { type: 'text' as const, text: 'a' }

describe('a log that fails', () => {
  test('at the create: no session, no conversation', async () => {
    const agent = createFakeAgent()
    await using service = await startManager(agent)
    service.log.create = () => Promise.reject(new Error('the disk is full'))
    await expect(service.manager.create({})).rejects.toThrow('the disk is full')
    expect(agent.openSessions).toBe(0)
    expect([...service.manager.conversations()]).toEqual([])
  })

  test('at the first turn of a create: no session, no conversation, no log', async () => {
    const agent = createFakeAgent()
    await using service = await startManager(agent)
    service.log.failure = new Error('the disk is full')
    await expect(service.manager.create({ input: [text] })).rejects.toThrow('the disk is full')
    expect([...service.manager.conversations()]).toEqual([])
    expect(agent.openSessions).toBe(0)
    expect(await service.log.list(10)).toEqual([])
  })

  test('fails the submissions whose events it did not take', async () => {
    const agent = createFakeAgent()
    await using service = await startManager(agent)
    const { conversation_id: id } = (await service.manager.create({})).answer
    service.log.failure = new Error('the disk is full')
    const op = { type: 'user_input' as const, text: 'a', delivery: 'queue' as const }
    await expect(service.manager.submit(id, op)).rejects.toThrow('the disk is full')
    service.log.failure = undefined
    await expect(service.manager.submit(id, op)).rejects.toThrow('the disk is full')
    expect(await service.log.events(id)).toHaveLength(1)
  })

  test('leaves a conversation that can be deleted', async () => {
    const agent = createFakeAgent()
    await using service = await startManager(agent)
    const { conversation_id: id } = (await service.manager.create({})).answer
    service.log.failure = new Error('the disk is full')
    await service.manager.submit(id, { type: 'get_history' }).catch(() => undefined)
    await service.manager.delete(id)
    expect(agent.openSessions).toBe(0)
    expect([...service.manager.conversations()]).toEqual([])
  })
})
