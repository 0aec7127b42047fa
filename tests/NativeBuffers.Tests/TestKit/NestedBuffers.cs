namespace NativeBuffers.Tests.TestKit;

/// <summary>Many buffers of one length that are alive at once, each in a call within a call.</summary>
internal static class NestedBuffers
{
    public static void Use(int length, int depth)
    {
        using var buffer = NativeBuffer.CreateUninitialized<byte>(length);
        buffer[0] = 1;
        if (depth > 1)
        {
            Use(length, depth - 1);
        }
    }
}
