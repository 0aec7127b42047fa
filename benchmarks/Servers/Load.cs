using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace NativeBuffers.Benchmarks.Servers;

/// <summary>Clients of one server, over plain sockets: the client must cost less than the server.</summary>
internal sealed class Load(int port)
{
    private readonly List<Socket> _open = [];

    /// <summary>Opens connections, which stay open.</summary>
    public async Task OpenAsync(int connections)
    {
        for (int i = 0; i < connections; i++)
        {
            _open.Add(await ConnectAsync());
        }
    }

    /// <summary>Asks on all open connections for small answers, one after another: the number of answers, and the time until the last one.</summary>
    public async Task<(long Count, TimeSpan Time)> MeasureAsync(int byteCount, TimeSpan duration)
    {
        byte[] request = RequestOf($"/bytes/{byteCount}");
        long start = Stopwatch.GetTimestamp();
        long[] counts = await Task.WhenAll(
            _open.Select(
                async socket =>
                {
                    byte[] buffer = new byte[65_536];
                    long count = 0;
                    while (Stopwatch.GetElapsedTime(start) < duration)
                    {
                        await socket.SendAsync(request);
                        await ReceiveAsync(socket, buffer);
                        count++;
                    }

                    return count;
                }));
        return (counts.Sum(), Stopwatch.GetElapsedTime(start));
    }

    /// <summary>Closes the open connections.</summary>
    public void Close()
    {
        _open.ForEach(static socket => socket.Dispose());
        _open.Clear();
    }

    /// <summary>A burst: many clients ask for an answer that the server holds for 2 seconds. Calls <paramref name="atPeak"/>, and then reads all.</summary>
    public async Task BurstAsync(int connections, int byteCount, Func<Task> atPeak)
    {
        List<Socket> sockets = [];
        byte[] request = RequestOf($"/held/{byteCount}");
        for (int i = 0; i < connections; i++)
        {
            Socket socket = await ConnectAsync();
            await socket.SendAsync(request);
            sockets.Add(socket);
        }

        await Task.Delay(TimeSpan.FromSeconds(1));
        await atPeak();
        byte[] buffer = new byte[65_536];
        foreach (Socket socket in sockets)
        {
            await ReceiveAsync(socket, buffer);
            socket.Dispose();
        }
    }

    /// <summary>The bytes of the managed heap, and of the resident memory, of the server. The resident ones are read before a collection.</summary>
    public async Task<(long Heap, long Resident)> FiguresAsync(bool isCollected)
    {
        using var client = new HttpClient();
        string[] figures = (await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/figures/{isCollected}"))).Split(' ');
        return (long.Parse(figures[0], null), long.Parse(figures[1], null));
    }

    private async Task<Socket> ConnectAsync()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return socket;
    }

    private static byte[] RequestOf(string path) => Encoding.ASCII.GetBytes($"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");

    /// <summary>Receives one answer: the headers, and as many bytes as they say.</summary>
    private static async Task ReceiveAsync(Socket socket, byte[] buffer)
    {
        int filled = 0;
        int end;
        while ((end = buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8)) < 0)
        {
            filled += await ReadAsync(socket, buffer.AsMemory(filled));
        }

        int at = buffer.AsSpan(0, end).IndexOf("Content-Length: "u8) + "Content-Length: ".Length;
        if (!buffer.AsSpan(0, 12).EndsWith("200"u8) || !Utf8Parser.TryParse(buffer.AsSpan(at), out long length, out _))
        {
            throw new InvalidOperationException(Encoding.ASCII.GetString(buffer, 0, end));
        }

        for (long left = length - (filled - end - 4); left > 0;)
        {
            left -= await ReadAsync(socket, buffer);
        }
    }

    private static async Task<int> ReadAsync(Socket socket, Memory<byte> buffer) =>
        await socket.ReceiveAsync(buffer) is var read && read != 0 ? read : throw new InvalidOperationException("The server has cut a connection.");
}
