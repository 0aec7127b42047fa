using System.Buffers;
using System.Net.Http.Headers;
using Microsoft.AspNetCore.Http;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>Bytes that both sides know. The period is no multiple of a block, so a block that is lost, repeated or mixed shows.</summary>
internal static class Payload
{
    private const int Period = 100_003;
    private const int Chunk = 16_384;

    private static readonly byte[] s_bytes = Make();

    /// <summary>Sends the first bytes, in pieces.</summary>
    public static async Task WriteAsync(HttpResponse response, long count)
    {
        response.ContentLength = count;
        for (long sent = 0; sent < count;)
        {
            int size = (int)long.Min(Chunk, count - sent);
            await response.Body.WriteAsync(From(sent, size), response.HttpContext.RequestAborted);
            sent += size;
        }
    }

    /// <summary>Content of the first bytes.</summary>
    /// <param name="count">The number of bytes.</param>
    /// <param name="held">The content goes on after it when the first piece was sent; or null.</param>
    public static HttpContent Content(long count, Task? held = null) => new Pieces(count, held ?? Task.CompletedTask);

    /// <summary>The number of bytes if they are the first ones, and otherwise the place of the first wrong one.</summary>
    public static async Task<string> CheckAsync(Stream stream)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(65_536);
        try
        {
            long count = 0;
            while (await stream.ReadAsync(buffer) is var read && read != 0)
            {
                for (int done = 0; done < read;)
                {
                    int size = int.Min(Chunk, read - done);
                    int same = buffer.AsSpan(done, size).CommonPrefixLength(From(count, size).Span);
                    count += same;
                    if (same != size)
                    {
                        return $"wrong at {count}";
                    }

                    done += size;
                }
            }

            return $"{count}";
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>At most <see cref="Chunk"/> bytes.</summary>
    public static ReadOnlyMemory<byte> From(long start, int count) => s_bytes.AsMemory((int)(start % Period), count);

    private static byte[] Make()
    {
        byte[] bytes = new byte[Period + Chunk];
        new Random(1).NextBytes(bytes.AsSpan(0, Period));
        bytes.AsSpan(0, Chunk).CopyTo(bytes.AsSpan(Period));
        return bytes;
    }

    private sealed class Pieces(long count, Task held) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            for (long sent = 0; sent < count;)
            {
                int size = (int)long.Min(Chunk, count - sent);
                await stream.WriteAsync(From(sent, size));
                sent += size;
                if (!held.IsCompleted)
                {
                    await stream.FlushAsync();
                    await held;
                }
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
            length = count;
            return true;
        }
    }
}
