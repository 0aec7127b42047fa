using System.Net;
using System.Net.Sockets;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Two sockets of this machine that are connected with each other.</summary>
internal sealed record Loopback(Socket Sender, Socket Receiver) : IDisposable
{
    public static async Task<Loopback> ConnectAsync()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        listener.Listen();
        var sender = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await sender.ConnectAsync(listener.LocalEndPoint!);
        return new Loopback(sender, await listener.AcceptAsync());
    }

    public void Dispose()
    {
        Sender.Dispose();
        Receiver.Dispose();
    }
}
