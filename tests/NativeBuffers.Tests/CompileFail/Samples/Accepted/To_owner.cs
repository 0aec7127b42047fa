static class Sample
{
    static NativeMemoryOwner<int> Build()
    {
        using var buffer = NativeBuffer.Create<int>(3);
        buffer.Fill(3);
        return buffer.ToOwner();
    }

    static async Task<int> Run()
    {
        using NativeMemoryOwner<int> owner = Build();
        await Task.Yield();
        owner.Resize(6);
        using System.Buffers.MemoryHandle pin = owner.Pin();
        return owner.Memory.Length;
    }
}
