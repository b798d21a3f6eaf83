# SPDX-License-Identifier: Apache-2.0
"""One face for pymodbus 3.0 (Debian 12) and 3.8 (Debian 13), which renamed what a server is made of.

Wire(kind) for kind "tcp" or "rtu": requests(bytes) -> requests, frame(request, response) -> bytes.
unit(request), refuse(request, code), answer(request, tables): tables are four of address -> value.
"""
import asyncio

from pymodbus.datastore import ModbusSlaveContext, ModbusSparseDataBlock

SLAVE_FAILURE = 4
SLAVE_BUSY = 6
ILLEGAL_ADDRESS = 2


def blocks(tables, first):
    # An empty block cannot be made; address 70000 is none.
    return {name: ModbusSparseDataBlock({int(k) + first: v for k, v in values.items()} or {70000: 0})
            for name, values in tables.items()}


try:
    from pymodbus.framer import FramerRTU, FramerSocket
    from pymodbus.pdu import DecodePDU, ExceptionResponse

    class Wire:
        def __init__(self, kind):
            self.framer = (FramerSocket if kind == "tcp" else FramerRTU)(DecodePDU(True))
            self.waiting = b""

        def requests(self, data):
            self.waiting += data
            while True:
                used, request = self.framer.processIncomingFrame(self.waiting)
                self.waiting = self.waiting[used:]
                if request is None:
                    return
                yield request

        def frame(self, request, response):
            response.dev_id = request.dev_id
            response.transaction_id = request.transaction_id
            return self.framer.buildFrame(response)

    def unit(request):
        return request.dev_id

    def refuse(request, code):
        return ExceptionResponse(request.function_code, code)

    def answer(request, tables):
        return asyncio.run(request.update_datastore(ModbusSlaveContext(**blocks(tables, 1))))

except ImportError:
    from pymodbus.factory import ServerDecoder
    from pymodbus.framer.rtu_framer import ModbusRtuFramer
    from pymodbus.framer.socket_framer import ModbusSocketFramer

    class Wire:
        def __init__(self, kind):
            self.framer = (ModbusSocketFramer if kind == "tcp" else ModbusRtuFramer)(ServerDecoder(), client=None)

        def requests(self, data):
            found = []
            self.framer.processIncomingPacket(
                data=data, callback=found.append, unit=list(range(256)), single=False)
            return found

        def frame(self, request, response):
            response.unit_id = request.unit_id
            response.transaction_id = request.transaction_id
            return self.framer.buildPacket(response)

    def unit(request):
        return request.unit_id

    def refuse(request, code):
        return request.doException(code)

    def answer(request, tables):
        return request.execute(ModbusSlaveContext(zero_mode=True, **blocks(tables, 0)))
