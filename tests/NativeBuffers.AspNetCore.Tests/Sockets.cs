using System.Net.WebSockets;
using Microsoft.AspNetCore.Http;

namespace NativeBuffers.AspNetCore.Tests;

/// <summary>Both ends of a WebSocket that sends back each message.</summary>
internal static class Sockets
{
    public static async Task EchoAsync(HttpContext context)
    {
        using WebSocket socket = await context.WebSockets.AcceptWebSocketAsync();
        byte[] buffer = new byte[8192];
        while (await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted) is { MessageType: not WebSocketMessageType.Close } received)
        {
            await socket.SendAsync(buffer.AsMemory(0, received.Count), WebSocketMessageType.Binary, received.EndOfMessage, context.RequestAborted);
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
    }

    /// <summary>Sends messages of these sizes, and compares all that comes back.</summary>
    public static async Task SendAsync(Uri server, params int[] sizes)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(new UriBuilder(server) { Scheme = "ws", Path = "/socket" }.Uri, CancellationToken.None);
        byte[] buffer = new byte[16_384];
        foreach (int size in sizes)
        {
            await socket.SendAsync(Payload.From(size, size), WebSocketMessageType.Binary, endOfMessage: true, CancellationToken.None);
            int count = 0;
            ValueWebSocketReceiveResult received;
            do
            {
                received = await socket.ReceiveAsync(buffer.AsMemory(count), CancellationToken.None);
                count += received.Count;
            }
            while (!received.EndOfMessage);
            Assert.True(buffer.AsSpan(0, count).SequenceEqual(Payload.From(size, size).Span), $"{size}: {count}");
        }

        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
    }
}
