using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace NativeBuffers.AspNetCore;

/// <summary>Makes the pools of <see cref="NativeServerMemory"/> for Kestrel, its transports, and all other code that asks.</summary>
internal sealed class ServerPoolFactory(NativeServerMemory memory) : IMemoryPoolFactory<byte>
{
    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => memory.Add(options?.Owner ?? "unnamed");
}
